"""What people want: requests, names, words and queries; one item is asked against all watches.

Face:
    match.Explanation, match.Matched, match.NO_SOURCE, match.NO_TAG, match.explain_match, match.match_item,
    query.Reading, request.understand_request, watchlist.Watch, watchlist.Watchlist, watchlist.compile_watch,
    watchlist.compile_watches
"""

"""What people want: requests, names, words and queries; one item is asked against all watches.

Face:
    match.Explanation, match.Matched, match.explain_match, match.match_item, query.Reading,
    request.understand_request, watchlist.Watch, watchlist.Watchlist
"""

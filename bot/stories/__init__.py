"""What belongs together: reports are grouped into stories, and what is new in a story is found.

Face:
    developments.developments, developments.heard, event_keys.kept, grouping.LiveStories,
    grouping.MOST_EVENT_KEYS, language.language, report.Grouping, sources.is_by, sources.is_source_of
"""

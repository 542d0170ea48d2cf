"""What belongs together: reports are grouped into stories, and what is new in a story is found.

Face:
    event_keys.merged_event_keys, grouping.LiveStories, placement.Placement, placement.place, sources.is_by
"""

"""What a text mentions: events, who and which organisation are in them, how certain they are.

Face:
    frames.Mention, frames.read_events, inflect.inflections, inflect.is_irregular, inflect.stem, lexicon.Lexicon,
    lexicon.lexicon, outlets.Title, surnames.is_somebody_else
"""

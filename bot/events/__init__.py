"""What a text tells: which events it mentions, who and which organisation are in them, how certain they are.

Face:
    frames.Mention, frames.read_events, inflect.inflections, inflect.is_irregular, inflect.stem, lexicon.Frame,
    lexicon.Lexicon, lexicon.Slot, lexicon.Tag, lexicon.lexicon, nouns.ORDINARY, outlets.LONGEST, outlets.apart,
    outlets.bare_headline, outlets.credit, outlets.is_correction, outlets.outlets, surnames.is_somebody_else
"""

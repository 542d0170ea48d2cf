"""Is it wanted, told already, worth saying? Pending items become decisions.

Face:
    decide.Limits, decide.NOBODY, stage.DecideStage
"""

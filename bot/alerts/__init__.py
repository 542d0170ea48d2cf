"""What is worth sending to whom: pending items become decisions, and orders for messages.

Face:
    batch.Limits, batch.NOBODY, stage.DecideStage
"""

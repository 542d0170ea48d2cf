"""It is said, once: pending alerts are rendered, paced, told and settled.

Face:
    channels/telegram.TelegramChannel, channels/terminal.TerminalChannel, circuit_breaker.CircuitBreaker,
    render.render, stage.DeliverStage
"""

"""It is said, once: pending alerts are rendered, paced, sent and settled.

Face:
    channels/registry.Channels, channels/registry.OWN_CHATS, channels/registry.Outside,
    channels/registry.with_own_chats, channels/telegram.TelegramChannel, channels/terminal.TerminalChannel,
    circuit_breaker.CircuitBreaker, render.render, stage.DeliverStage
"""

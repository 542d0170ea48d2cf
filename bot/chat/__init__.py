"""What people tell the bot.

Face:
    context.FoundFeed, pairing.PairingCode, pairing.deep_link, phrases.ago, phrases.ahead, polling.listen,
    polling.try_to_connect, question_commands.status_text, updates.Listener
"""

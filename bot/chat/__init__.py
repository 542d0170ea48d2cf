"""What people ask of the bot: commands, buttons, and who may use them.

Face:
    context.FoundFeed, pairing.PairingCode, pairing.deep_link, polling.listen,
    polling.try_to_connect, question_commands.status_text, updates.Listener
"""

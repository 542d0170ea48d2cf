"""A recorded day of news on loopback, for `tipoff demo`.

Face:
    newsroom.Newsroom, newsroom.load, server.NewsroomServer
"""

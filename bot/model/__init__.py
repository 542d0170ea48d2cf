"""The values that travel through the newsroom, in the order they are made.

Instants are `datetime` with UTC. Text is plain text: markup is taken off when a feed is read and put on
when a message is rendered, and nowhere between.
"""

from bot.model.desk import Action, Batch, Decision, Event, Evidence, Hit, Item, Kind, Miss, Order, Source, Story, Where
from bot.model.dispatch import Address, Alert, Message, Outcome, Sent, Told, Waiting
from bot.model.reports import FeedHealth, Status
from bot.model.wire import (
    Document,
    Edit,
    Entry,
    Feed,
    FeedFailure,
    Habits,
    Hints,
    Keyed,
    Known,
    Lease,
    Poll,
    Pulse,
    Reply,
    Validators,
)
from bot.model.written import CERTAINTIES, OWNER, TERMINAL, Alias, ChatSpec, FeedSpec, Priority, Quiet, WatchSpec

__all__ = [
    "CERTAINTIES",
    "OWNER",
    "TERMINAL",
    "Action",
    "Address",
    "Alert",
    "Alias",
    "Batch",
    "ChatSpec",
    "Decision",
    "Document",
    "Edit",
    "Entry",
    "Event",
    "Evidence",
    "Feed",
    "FeedFailure",
    "FeedHealth",
    "FeedSpec",
    "Habits",
    "Hints",
    "Hit",
    "Item",
    "Keyed",
    "Kind",
    "Known",
    "Lease",
    "Message",
    "Miss",
    "Order",
    "Outcome",
    "Poll",
    "Priority",
    "Pulse",
    "Quiet",
    "Reply",
    "Sent",
    "Source",
    "Status",
    "Story",
    "Told",
    "Validators",
    "Waiting",
    "WatchSpec",
    "Where",
]

"""Where to read a partition from, and what of it was delivered ahead."""

import logging
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from sink.topic.account import Account, metadata
from sink.topic.ahead import Ahead
from sink.topic.tally import Tally

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where reading a partition begins."""

    position: TopicPartition
    """With the offset of the first record to read."""
    ahead: Ahead
    """What comes later and was delivered already."""
    account: Account
    """How what came before ended."""


def start(consumer: Consumer, partition: TopicPartition) -> Start:
    """Return where to begin with ``partition``: at the committed offset, if that is in the topic."""
    (stored,) = consumer.committed([TopicPartition(partition.topic, partition.partition)], timeout=5)
    if stored.offset < 0:
        beginning = TopicPartition(partition.topic, partition.partition, OFFSET_BEGINNING)
        return Start(position=beginning, ahead=Ahead(), account=Account())
    low, high = consumer.get_watermark_offsets(partition, timeout=5)
    noted = stored.metadata or ""
    account, ahead = Account(noted, offset=stored.offset), Ahead(noted, end=high)
    if low <= stored.offset <= high:
        position = TopicPartition(partition.topic, partition.partition, stored.offset)
        return Start(position=position, ahead=ahead, account=account)
    log.error(
        "lost a range: topic=%s partition=%d holds the offsets %d..%d, but was read up to %d; going on at %d",
        partition.topic, partition.partition, low, high, stored.offset, low,
    )  # fmt: skip
    if stored.offset < low:
        delivered = ahead.below(low)
        account.lost(delivered.plus(Tally(expired=low - stored.offset - delivered.total)))
        ahead.reaches(low - 1)
    else:  # the topic is another one of that name
        account, ahead = Account(offset=low), Ahead()
    commit(consumer, TopicPartition(partition.topic, partition.partition, low, metadata=metadata(account, ahead)))
    return Start(position=TopicPartition(partition.topic, partition.partition, low), ahead=ahead, account=account)


def commit(consumer: Consumer, position: TopicPartition) -> None:
    """Commit by ourselves: librdkafka commits no offset that is below the one it has found."""
    consumer.commit(offsets=[position], asynchronous=False)

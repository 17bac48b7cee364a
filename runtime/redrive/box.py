"""The dead letters of one half, opened for one command."""

from collections.abc import Iterator, Sequence
from threading import Event

from confluent_kafka import Message

from runtime import kafka
from runtime.publisher import NotPublished, Publisher
from runtime.redrive import table
from runtime.redrive.half import Half
from runtime.redrive.letter import Letter, NoSuchLetter, NotPutBack, RedriveFailed, Selection, one_of_each_source
from runtime.redrive.put_back import Fate, PutBack
from runtime.redrive.topic import LetterTopic
from runtime.redrive.waiting import Waiting, letter_of
from runtime.settings import ProcessSettings
from schemas.dead_letters import own_headers
from schemas.redriven import is_marker


class LetterBox:
    """What a command does with letters. Where Kafka does not do what is needed, that is `RedriveFailed`."""

    def __init__(self, settings: ProcessSettings, half: Half, name: str) -> None:
        self.name = name
        self.waiting = Waiting(half.look)
        self.has_read_all = False
        """Whether ``waiting`` knows of those that were put aside before the time that was asked for."""
        self._settings = settings
        self._half = half
        self._letters = LetterTopic(settings, name)

    def read(self, selection: Selection) -> list[Letter]:
        """Return the letters that wait and are meant, the oldest first."""
        # Of those that are named it is to be said whether they wait, whenever they were put aside.
        since = None if selection.ids else selection.since
        self.has_read_all = since is None
        self._letters.read_on(self.waiting, since)
        return [letter for letter in self.waiting.letters() if selection.takes(letter)]

    def chosen(self, selection: Selection, limit: int) -> list[Letter]:
        """Return one letter of each source that is meant, the oldest ``limit`` of them, or all if that is 0.

        Raises `NoSuchLetter` if one that is named does not wait.
        """
        letters = self.read(selection)
        if absent := selection.ids - {letter.id for letter in self.waiting.letters()}:
            raise NoSuchLetter(
                f"no dead letter {', '.join(sorted(absent))} waits in {self.name}: "
                "it was put back, was never there, or Kafka has let it go"
            )
        chosen = one_of_each_source(letters)
        return chosen[:limit] if limit else chosen

    def put_back(self, chosen: Sequence[Letter], *, rehearse: bool, stop: Event) -> Iterator[Fate]:
        """Put back letters, each of another source, and yield what became of each; of no more once ``stop`` is set.

        With ``rehearse``, nothing is published, and what would become of each is yielded.
        """
        work = PutBack(
            half=self._half,
            letters=self._letters,
            waiting=self.waiting,
            publisher=Publisher(self._settings),
            topic=self._settings.kafka_topic,
            stop=stop,
        )
        try:
            yield from work.rehearsed(chosen) if rehearse else work.fates(chosen)
        except NotPublished as error:
            raise RedriveFailed(f"{error}; what has been put back so far is back") from error

    def value(self, letter_id: str) -> bytes:
        """Return what was put aside, byte for byte. Raises `NoSuchLetter`, also for a letter that does not hold it."""
        message = self._letters.message(letter_id)
        if left_out := self._letter(letter_id, message).why.left_out.value_bytes:
            raise NoSuchLetter(f"{letter_id} does not hold its value, whose {left_out} bytes were too many for it")
        return message.value() or b""

    def shown(self, letter_id: str) -> Iterator[str]:
        """Yield the lines that say everything about a letter. Raises `NoSuchLetter`."""
        message = self._letters.message(letter_id)
        letter = self._letter(letter_id, message)
        yield from self._about(letter, message)
        own, _ours = own_headers(kafka.headers_of(message))
        if own:
            yield "headers of its own"
            yield from table.headers(own)
        yield from self._half.shown(letter, message).splitlines()

    def _letter(self, letter_id: str, message: Message) -> Letter:
        if is_marker(kafka.headers_of(message)):
            raise NoSuchLetter(f"{letter_id} is no letter: it says that one was put back")
        try:
            return letter_of(message, self._half.look)
        except (KeyError, ValueError, OverflowError) as error:
            raise NoSuchLetter(f"{letter_id} is no letter: its headers do not say why it was put aside") from error

    def _about(self, letter: Letter, message: Message) -> Iterator[str]:
        why = letter.why
        yield f"letter     {letter.id} of {self.name}, put aside {table.instant_text(letter.put_aside_at)} UTC"
        yield table.plain(f"message    {why.topic} {why.partition}:{why.offset}, {letter.bytes} bytes")
        yield table.plain(f"object     {letter.obj_id or 'unknown'}, Fink topic {letter.fink_topic or 'unknown'}")
        part = f" of the part {why.part}" if why.part else ""
        yield table.plain(f"reason     {why.reason} at the stage {why.stage}{part}, signed by {why.signed_by}")
        yield table.plain(f"           {why.message}")
        if why.answer is not None:
            answer = why.answer
            yield table.plain(f"answer     {answer.status} to {answer.endpoint}, {answer.attempts} attempts")
            yield from (table.INDENT + table.plain(line) for line in answer.body.splitlines())
        yield f"put back   {letter.times} times before"
        yield table.plain(f"now        {self._prospect(letter, message)}")

    def _prospect(self, letter: Letter, message: Message) -> str:
        if not self._letters.waits(letter):
            return "it was put back, and waits no more"
        try:
            self._half.record(letter, message)
        except NotPutBack as error:
            return f"cannot be put back: {error}"
        return "can be put back"

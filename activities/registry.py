"""Which activities each queue's worker runs, with what they need. Only the gpu queue's bring torch with them."""

from collections.abc import Callable, Sequence

from activities.boundary import alive
from activities.workplace import Workplace
from contracts.settings import Settings
from contracts.steps import Queue
from storage.blobs import open_blobs
from storage.links import Links
from storage.records import Records
from storage.secrets import server_secret

#: An activity's implementation.
Implementation = Callable[..., object]

#: Inputs that one worker brings in at once; its other slots are left to what finishes jobs.
FETCH_PLACES = 12
#: Webhook attempts in flight at once in one worker.
WEBHOOK_SLOTS = 64


def implementations(queue: Queue, settings: Settings) -> Sequence[Implementation]:
    """Open what a queue's activities need, load what they load, and return them.

    Raises:
        MouthpieceError: when something they need is missing.
    """
    openers: dict[Queue, Callable[[Settings], Sequence[Implementation]]] = {
        Queue.FLOW: lambda settings: (),
        Queue.IO: _io,
        Queue.GPU: _gpu,
        Queue.CONTROL: _control,
        Queue.NOTIFY: _notify,
    }
    return openers[queue](settings)


def _io(settings: Settings) -> Sequence[Implementation]:
    from activities.fetch import Fetch
    from activities.fetch_turns import FetchTurns
    from activities.mix import Mix
    from activities.publish import Publish
    from activities.speak import Speak, open_voices

    workplace = _workplace(settings)
    speak = Speak(workplace, open_voices(settings)).speak
    fetch = Fetch(workplace, FetchTurns(FETCH_PLACES)).fetch
    return (fetch, speak, Mix(workplace).mix, Publish(workplace).publish)


def _gpu(settings: Settings) -> Sequence[Implementation]:
    from activities.analyse import Analyse
    from activities.computing import open_engines
    from activities.render import Render
    from activities.survey import Survey
    from engines.encoders import choose_encoder
    from engines.people.faces import FaceFinder
    from engines.registry import choose_device

    workplace, engines = _workplace(settings), open_engines(settings)
    finder = FaceFinder(choose_device(settings.device))
    analyse = Analyse(workplace, engines, choose_encoder(settings.video_encoder)).analyse
    return (analyse, Render(workplace, engines).render, Survey(workplace, finder).survey)


def _control(settings: Settings) -> Sequence[Implementation]:
    from activities.discard import Discard
    from activities.prune import Prune
    from activities.settle import Settle

    records = _records(settings)
    links = Links(server_secret(settings), settings.public_url, settings.link_ttl_s)
    workplace = _workplace(settings)
    # Webhooks that were pending when `notify` got a queue of its own come here for their three days.
    notify, _ = _posting(settings, records, slots=4)
    return (
        Settle(workplace, records, links).settle,
        notify,
        Discard(workplace).discard,
        Prune(workplace, records).prune,
    )


def _notify(settings: Settings) -> Sequence[Implementation]:
    return _posting(settings, _records(settings), slots=WEBHOOK_SLOTS)


def _posting(settings: Settings, records: Records, slots: int) -> tuple[Implementation, Implementation]:
    from activities.notify import Notify
    from activities.posting import Poster
    from activities.probe import Probe
    from activities.turns import HostTurns

    poster = Poster(settings, records, HostTurns(slots))
    return (Notify(records, poster).notify, Probe(poster).probe)


def _records(settings: Settings) -> Records:
    return Records(settings.data_dir / "records.db")


def _workplace(settings: Settings) -> Workplace:
    return Workplace(settings=settings, blobs=open_blobs(settings, alive))

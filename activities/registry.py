"""Which activities each queue's worker runs, with what they need. Only the gpu queue's bring torch with them."""

from collections.abc import Callable, Sequence

from activities.workplace import Workplace
from contracts.settings import Settings
from contracts.steps import Queue
from storage.blobs import open_blobs
from storage.links import Links
from storage.records import Records
from storage.secrets import server_secret

#: An activity's implementation.
Implementation = Callable[..., object]


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
    }
    return openers[queue](settings)


def _io(settings: Settings) -> Sequence[Implementation]:
    from activities.fetch import Fetch
    from activities.publish import Publish

    workplace = _workplace(settings)
    return (Fetch(workplace).fetch, Publish(workplace).publish)


def _gpu(settings: Settings) -> Sequence[Implementation]:
    from activities.analyse import Analyse
    from activities.computing import open_engines
    from activities.render import Render

    workplace, engines = _workplace(settings), open_engines(settings)
    return (Analyse(workplace, engines).analyse, Render(workplace, engines).render)


def _control(settings: Settings) -> Sequence[Implementation]:
    from activities.notify import Notify
    from activities.settle import Settle

    records = Records(settings.data_dir / "records.db")
    links = Links(server_secret(settings), settings.public_url, settings.link_ttl_s)
    return (Settle(_workplace(settings), records, links).settle, Notify(settings, records).notify)


def _workplace(settings: Settings) -> Workplace:
    return Workplace(settings=settings, blobs=open_blobs(settings))

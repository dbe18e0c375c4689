"""The directory database of a stopped domain controller, opened directly."""
from contextlib import contextmanager

from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB


def open_database(configuration, batch=False):
    parameters = LoadParm()
    parameters.load(configuration)
    # Without batch_mode the time of a load grows with the square of its length (10,000 people: 260 s instead of 50 s);
    # with it the schema cannot be reloaded and no error may be survived.
    return SamDB(
        url=parameters.private_path("sam.ldb"),
        session_info=system_session(parameters),
        lp=parameters,
        options=["batch_mode:1", "transaction_index_cache_size:200000"] if batch else [],
    )


@contextmanager
def transaction(database):
    database.transaction_start()
    try:
        yield
    except BaseException:
        database.transaction_cancel()
        raise
    database.transaction_commit()

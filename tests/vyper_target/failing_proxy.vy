# pragma version 0.4.3
# A service behind a proxy, as it is on some chains, that answers until it breaks down.

service: immutable(address)
broken: bool


@deploy
def __init__(_service: address):
    service = _service


@external
def break_down():
    self.broken = True


@external
@raw_return
def __default__() -> Bytes[1024]:
    assert not self.broken
    return raw_call(service, msg.data, max_outsize=1024, is_static_call=True)

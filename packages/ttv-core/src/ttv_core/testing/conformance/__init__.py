"""The contract of a backend as tests: subclass one class, name your generator, run pytest.

`pip install "ttv-core[testing]"` brings what it needs. A remote backend also names its vendor on
loopback, derived from `ttv_core.testing.Simulator`, and the vendor's own words:

```python
from ttv_acme.generator import AcmeGenerator
from acme_vendor import Acme, KEY
from ttv_core.testing import RemoteConformance

class TestAcme(RemoteConformance):
    generator = AcmeGenerator
    settings = {"api_key": KEY}           # base_url is added: the simulator's
    simulator = Acme
    running, done, failed = "running", "succeeded", "failed"
    filtered = {"status": "failed", "code": "moderation"}
    empty = {"status": "succeeded", "url": None}
```

A local backend names a request that it can serve quickly:

```python
from ttv_core.testing import LocalConformance

class TestGrey(LocalConformance):
    generator = GreyGenerator
    asks = {"prompt": "a fox", "size": "128x72", "duration": 0.5}
```

A class of just the five methods takes `BackendConformance`.

What a model cannot do is not tested: the capabilities say it. A test that cannot hold for a backend
is overridden with `@pytest.mark.xfail(reason=...)`; without a reason the kit fails.
"""

import sys
from types import ModuleType

_HOW = __doc__


class _Kit(ModuleType):
    # The rest is put together when it is read: to import the classes takes pytest, and the
    # processes that the kit starts are to import nothing heavy.
    @property
    def __doc__(self) -> str:  # type: ignore[override]
        from ttv_core.testing.conformance.settable import settable

        return f"{_HOW}\n{settable()}\n"


sys.modules[__name__].__class__ = _Kit

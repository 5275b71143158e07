"""The public Python API: what other code may call; everything else may change without notice."""

from cec_plugin.domain.notices import Kind, Notice, Via
from cec_plugin.services.activate import activate
from cec_plugin.services.compare import compare
from cec_plugin.services.link import link, unlink
from cec_plugin.services.load_pack import load_pack
from cec_plugin.services.merge import merge, unmerge
from cec_plugin.services.notice import hear
from cec_plugin.services.requeue import requeue
from cec_plugin.services.serve import enter as enter_service
from cec_plugin.services.serve import withdraw as withdraw_service
from cec_plugin.services.settle import settle_identities, settle_people
from cec_plugin.services.sweep import sweep

__all__ = [
    "Kind",
    "Notice",
    "Via",
    "activate",
    "compare",
    "enter_service",
    "hear",
    "link",
    "load_pack",
    "merge",
    "requeue",
    "settle_identities",
    "settle_people",
    "sweep",
    "unlink",
    "unmerge",
    "withdraw_service",
]

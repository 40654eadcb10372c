"""The catalogue in the W3C's vocabulary of data catalogues (DCAT 3), as JSON-LD, for other catalogues to harvest.

It tells of datasets, never of rows. What DCAT has no word for, the columns, stays in the workbook and the contracts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_LANGUAGE = "zh-CN"
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"


def catalogue(policy: PolicySet, listed: Sequence[tuple[Contract, date | None]], day: date) -> dict[str, Any]:
    """The ``listed`` datasets, each with the day of its release, as a ``dcat:Catalog`` in the words of ``day``."""
    hub = f"urn:bidui:hub:{policy.hub}"
    return {
        "@context": CONTEXT,
        "@id": f"urn:bidui:catalogue:{policy.hub}",
        "@type": "dcat:Catalog",
        "dct:title": _text(f"{policy.profile.title}数据资源目录"),
        "dct:publisher": _agent(hub, policy.profile.title),
        "dcat:dataset": [_dataset(policy, contract, released_on, day) for contract, released_on in listed],
    }


def _dataset(policy: PolicySet, contract: Contract, released_on: date | None, day: date) -> dict[str, Any]:
    sharing, codes = contract.sharing, policy.codes
    frequency = codes["cadence"].entry_of(contract.cadence, day).about.get("frequency")
    described = {
        "@id": f"urn:bidui:{policy.hub}:dataset:{contract.id}",
        "@type": "dcat:Dataset",
        "dct:identifier": contract.id,
        "dct:title": _text(contract.title),
        "dct:description": _text(contract.purpose),
        "dct:publisher": _agent(f"urn:bidui:{policy.hub}:party:{contract.party}", policy.name_of(contract.party)),
        "dcat:theme": {"@type": "skos:Concept", "skos:prefLabel": _text(contract.category)},
        "dct:accrualPeriodicity": {"@id": frequency} if frequency else {},
        "dct:accessRights": _statement(
            "dct:RightsStatement", codes["sharing_class"].label_of(sharing.class_, day),
            sharing.conditions, sharing.scope, sharing.basis,
        ),
        "dct:rights": _statement("dct:RightsStatement", codes["security_level"].label_of(contract.security_level, day)),
        "dct:provenance": _statement("dct:ProvenanceStatement", contract.source_system),
        "dcat:version": contract.version,
        "dct:issued": {"@value": released_on.isoformat(), "@type": "xsd:date"} if released_on else {},
        "dcat:distribution": [] if sharing.class_ == "withheld" else [_distribution(policy, contract, day)],
    }  # fmt: skip
    return {name: said for name, said in described.items() if said}


def _distribution(policy: PolicySet, contract: Contract, day: date) -> dict[str, Any]:
    """The one form that the party keeps it in. No address: it is fetched from nowhere, but handed over by agreement."""
    kept_as = policy.codes["resource_format"].entry_of(contract.format, day)
    media_type = kept_as.about.get("media_type")
    return {
        "@id": f"urn:bidui:{policy.hub}:dataset:{contract.id}:{contract.format}",
        "@type": "dcat:Distribution",
        "dct:title": _text(f"{contract.title}（{kept_as.label}）"),
        "dct:format": {"@type": "dct:MediaTypeOrExtent", "rdfs:label": _text(kept_as.label)},
        **({"dcat:mediaType": {"@id": _MEDIA_TYPES + media_type}} if media_type else {}),
        **({"dct:description": _text(contract.sharing.mode)} if contract.sharing.mode else {}),
    }


def _statement(kind: str, label: str, *terms: str) -> dict[str, Any]:
    told = [_text(term) for term in terms if term]
    return {"@type": kind, "rdfs:label": _text(label), **({"dct:description": told} if told else {})}


def _agent(identifier: str, name: str) -> dict[str, Any]:
    return {"@id": identifier, "@type": "foaf:Organization", "foaf:name": _text(name)}


def _text(said: str) -> dict[str, str]:
    return {"@value": said, "@language": _LANGUAGE} if said else {}

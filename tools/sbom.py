"""Write what a wheel consists of and asks for, as a CycloneDX document.

A wheel has no versions of others in it: what it will run with is chosen where it is installed. So
its dependencies are listed with the range that it declares, not with a version.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.wheel_contents import metadata_of

if TYPE_CHECKING:
    from pathlib import Path


def sbom(wheel: Path, date: int) -> str:
    """Return the document of a wheel; the same for the same wheel and date.

    Args:
        wheel: the wheel.
        date: seconds since the epoch.

    Raises:
        ValueError: it is no valid CycloneDX 1.6.
    """
    metadata = metadata_of(wheel)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    name, version = metadata["Name"], metadata["Version"]
    own = Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=f"{name}=={version}",
        purl=PackageURL("pypi", name=canonicalize_name(name), version=version),
        description=metadata["Summary"],
        licenses=[LicenseExpression(metadata["License-Expression"])],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        properties=[Property(name="ttv:file", value=wheel.name)],
    )
    needed = [_dependency(line) for line in metadata.get_all("Requires-Dist") or []]
    bom = Bom(components=needed, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, digest))
    bom.metadata.component = own
    bom.metadata.timestamp = datetime.fromtimestamp(date, UTC)
    bom.register_dependency(own, needed)
    document = JsonV1Dot6(bom).output_as_string(indent=2)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(document):
        message = f"the SBOM of {wheel.name} is no CycloneDX 1.6: {wrong}"
        raise ValueError(message)
    return document


def _dependency(line: str) -> Component:
    """Return a dependency as it is declared; that of an extra is optional."""
    requirement = Requirement(line)
    name = canonicalize_name(requirement.name)
    optional = requirement.marker is not None and "extra" in str(requirement.marker)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        bom_ref=line,
        purl=PackageURL("pypi", name=name),
        scope=ComponentScope.OPTIONAL if optional else ComponentScope.REQUIRED,
        properties=[Property(name="ttv:requirement", value=line)],
    )

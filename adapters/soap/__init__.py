"""SOAP in both directions from a WSDL file of the project: no generated classes, no network at run time.

The data of a message is plain Python (see :mod:`adapters.soap.codec` for the shape), the same for requests, answers, headers and faults.
"""

from adapters.soap.component import SoapComponent
from adapters.soap.cxf import CxfComponent

__all__ = ["CxfComponent", "SoapComponent"]

"""The contract side of SOAP: what a WSDL and its schemas say, as a model of our own, and everything that is made from it."""

"""What W1 and W2 do, as projects of the bus: from queue to queue; and parse, validate, map, route in three and publish."""

from __future__ import annotations

W1_ROUTE = """
- route: {id: w1, from: {uri: "bus:in%s", steps: [{to: "bus:out"}]}}
"""

W2_ROUTE = """
- route:
    id: w2
    from:
      uri: bus:in%s
      steps:
        - unmarshal: {json: {unmarshalType: bench.Order}}
        - setProperty: {name: priority, simple: "${body[priority]}"}
        - transformDataType: {fromType: bench.Order, toType: bench.Invoice}
        - marshal: {json: {unmarshalType: bench.Invoice}}
        - choice:
            when:
              - simple: "${exchangeProperty.priority} == 'high'"
                steps: [{to: "bus:high"}]
              - simple: "${exchangeProperty.priority} == 'normal'"
                steps: [{to: "bus:normal"}]
            otherwise:
              steps: [{to: "bus:low"}]
"""

TYPES = """
types:
  Line:
    unknown: exclude
    fields:
      sku: {type: string, required: true}
      quantity: {type: integer, required: true, data_key: qty, range: {min: 1}}
      unitPrice: {type: float, required: true, data_key: price}
  Customer:
    unknown: exclude
    fields:
      name: {type: string, required: true}
      email: {type: string, required: true, clean: [lower]}
  Order:
    unknown: exclude
    fields:
      id: {type: string, required: true, data_key: orderId}
      customer: {type: nested, of: bench.Customer, required: true}
      country: {type: string, required: true, length: 2}
      amount: {type: float, required: true, data_key: total}
      currency: {type: string, required: true}
      created: {type: string, required: true, data_key: createdAt}
      priority: {type: enum, values: [high, normal, low], required: true}
      lines: {type: list, of: bench.Line, required: true}
  InvoiceLine:
    fields:
      sku: {type: string, required: true}
      quantity: {type: integer, required: true}
      unitPrice: {type: float, required: true}
  Invoice:
    fields:
      id: {type: string, required: true}
      customerName: {type: string, required: true}
      customerEmail: {type: string, required: true}
      country: {type: string, required: true}
      amount: {type: float, required: true}
      currency: {type: string, required: true}
      created: {type: string, required: true}
      priority: {type: string, required: true}
      lines: {type: list, of: bench.InvoiceLine, required: true}
"""

MAPPING = """
mappings:
  - from: bench.Order
    to: bench.Invoice
    fields:
      id: id
      customerName: customer.name
      customerEmail: customer.email
      country: country
      amount: amount
      currency: currency
      created: created
      priority: priority
      lines: {each: {from: lines, fields: {sku: sku, quantity: quantity, unitPrice: unitPrice}}}
"""

BY_COMPONENT = "rabbitmq:default?addresses=127.0.0.1:{port}&username=guest&password=guest&autoDeclare=false"


def files(work: str, query: str = "") -> dict[str, str]:
    """The project of a benchmark."""
    route = (W1_ROUTE if work == "W1" else W2_ROUTE) % query
    extra = {} if work == "W1" else {"schemas/bench.yaml": TYPES, "schemas/mappings/bench.yaml": MAPPING}
    return {f"routes/{work}.yaml": route} | extra


def by_component(work: str, port: int, prefetch: int = 250) -> dict[str, str]:
    """The same project on queues that others have made: its routes name the component rabbitmq: for the channels."""
    made = files(work)
    here = BY_COMPONENT.format(port=port)
    route = made[f"routes/{work}.yaml"].replace("uri: bus:in", 'uri: "bus:in"')
    for name in ("out", "high", "normal", "low"):
        route = route.replace(f'"bus:{name}"', f'"{here}&routingKey=esb.{name}"')
    source = f'"{here}&queues=esb.in&asyncConsumer=true&prefetchCount={prefetch}"'
    return made | {f"routes/{work}.yaml": route.replace('"bus:in"', source)}

<?php
// A foreign SOAP server for the reference contract: PHP's own SoapServer, document/literal.
class Orders {
    public ?string $system = null;

    public function Caller($header) {
        $this->system = $header->system;
        return $header;
    }

    public function CreateSalesOrder($order) {
        if ($order->customer === 'BLOCKED') {
            throw new SoapFault('Client', 'the customer is blocked', null,
                ['code' => 'E42', 'message' => 'blocked: ' . $this->system, 'field' => 'customer'], 'BusinessFault');
        }
        if ($order->customer === 'CRASH') {
            throw new SoapFault('Server', 'broken');
        }
        $lines = is_array($order->line) ? $order->line : [$order->line];
        $told = [];
        foreach ($lines as $line) {
            $told[] = $line->sku . '*' . $line->quantity . '@' . $line->unitPrice->_ . $line->unitPrice->currency;
        }
        return ['salesOrderNumber' => implode('|', [$order->orderId, $this->system ?? '-', ...$told]), 'status' => 'CREATED'];
    }

    public function GetSalesOrder($asked) {
        return ['salesOrderNumber' => $asked->salesOrderNumber, 'orderId' => 'A1', 'customer' => 'ALFKI', 'status' => 'WRONG',
            'line' => [], 'total' => ['_' => '1', 'currency' => 'EUR']];
    }
}
$server = new SoapServer(getenv('WSDL'), ['cache_wsdl' => WSDL_CACHE_NONE, 'soap_version' => getenv('SOAP12') ? SOAP_1_2 : SOAP_1_1]);
$server->setObject(new Orders());
$server->handle();

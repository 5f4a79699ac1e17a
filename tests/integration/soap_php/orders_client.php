<?php
// A foreign SOAP client for the reference contract: fetches ?wsdl, calls, prints what it got as JSON.
$result = [];
$client = new SoapClient($argv[1] . '?wsdl', ['cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS, 'trace' => true,
    'soap_version' => getenv('SOAP12') ? SOAP_1_2 : SOAP_1_1]);
$client->__setSoapHeaders([new SoapHeader('urn:example:erp:sales', 'Caller', ['system' => 'php'], true)]);
$order = ['orderId' => 'P1', 'customer' => 'ALFKI', 'line' => [
    ['sku' => 'x & <y>', 'quantity' => 2, 'unitPrice' => ['_' => '12345678901234567.89', 'currency' => 'EUR']],
    ['sku' => 'zwölf', 'quantity' => 1, 'unitPrice' => ['_' => '0.10', 'currency' => 'USD']],
], 'requestedDate' => '2026-12-24'];
$result['created'] = $client->CreateSalesOrder($order);
foreach (['BLOCKED', 'CRASH'] as $customer) {
    try {
        $client->CreateSalesOrder(['customer' => $customer] + $order);
    } catch (SoapFault $fault) {
        $result[$customer] = ['code' => $fault->faultcode, 'text' => $fault->faultstring, 'detail' => $fault->detail ?? null];
    }
}
try {
    $broken = $order;
    $broken['line'][0]['quantity'] = 0;
    $client->CreateSalesOrder($broken);
} catch (SoapFault $fault) {
    $result['invalid'] = ['code' => $fault->faultcode, 'text' => $fault->faultstring];
}
echo json_encode($result);

<?php
// A foreign SOAP client of an rpc/literal contract.
$client = new SoapClient($argv[1] . '?wsdl', ['cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
$price = $client->Price(['sku' => 'x', 'price' => '19.99', 'tag' => ['one']], 3);
echo json_encode(['price' => $price, 'ping' => $client->Ping()]);

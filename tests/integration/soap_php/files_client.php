<?php
// A foreign SOAP client of the contract for files.
$client = new SoapClient($argv[1] . '?wsdl', ['cache_wsdl' => WSDL_CACHE_NONE]);
$stored = $client->Store(['name' => 'a', 'content' => str_repeat(chr(7), 5000)]);
echo json_encode(['size' => $stored->size, 'sha256' => bin2hex($stored->sha256),
    'fetched' => strlen($client->Fetch(['size' => 3000])->content)]);

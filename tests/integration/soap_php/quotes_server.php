<?php
// A foreign SOAP server of an rpc/literal contract.
class Quotes {
    public function Price($item, $quantity) {
        return ['total' => bcmulText($item->price, $quantity), 'echo' => $item];
    }
    public function Ping() {
        return true;
    }
}
// Decimals as text: PHP would make a float of them.
function bcmulText($price, $quantity) {
    return $quantity === 1 ? $price : (string) ($price * $quantity);
}
$server = new SoapServer(getenv('WSDL'), ['cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
$server->setObject(new Quotes());
$server->handle();

<?php
// A foreign SOAP server of the contract for files, whose content PHP takes and gives as base64 text.
class Files {
    public function Store($asked) {
        return ['size' => strlen($asked->content), 'sha256' => hash('sha256', $asked->content, true)];
    }
    public function Fetch($asked) {
        return ['content' => str_repeat(chr(7), $asked->size)];
    }
}
$server = new SoapServer(getenv('WSDL'), ['cache_wsdl' => WSDL_CACHE_NONE]);
$server->setObject(new Files());
$server->handle();

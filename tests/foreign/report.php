<?php
// A receiver of postbacks in PHP: it reads the body from stdin with SimpleXML and the time with DATE_ATOM.
// SPID and TIMESTAMP are mandatory to it, except for E101, which has no time.
//
// Usage: php report.php < body
// Prints one line of JSON.

$body = file_get_contents('php://stdin');
$postback = simplexml_load_string($body);
if ($postback === false || $postback->getName() !== 'POSTBACK') {
    fwrite(STDERR, "not a postback: $body\n");
    exit(1);
}
$time = null;
if ((string) $postback->CODE !== 'E101') {
    $parsed = DateTime::createFromFormat(DATE_ATOM, (string) $postback->TIMESTAMP);
    if ($parsed === false) {
        fwrite(STDERR, "not a time: {$postback->TIMESTAMP}\n");
        exit(1);
    }
    $time = $parsed->getTimestamp();
}
if (!preg_match('/^\d{7}$/', (string) $postback->SPID)) {
    fwrite(STDERR, "not an operator: {$postback->SPID}\n");
    exit(1);
}
echo json_encode([
    'code' => (string) $postback->CODE,
    'tracking_id' => (string) $postback->TRACKINGID,
    'operator' => (string) $postback->SPID,
    'time' => $time,
]), "\n";

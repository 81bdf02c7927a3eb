<?php
// A client of Skycore 1.3 in the manner of PHP libraries: curl with an array (multipart/form-data, field XML), with a form or with
// the bare document, SimpleXML for responses, and the names and the nested form of requests of before 2015.
//
// Usage: php skycore.php URL KEY array|form|unescaped|bare INBOX_ID
// Prints one line of JSON for each call: the fields of its response.

[, $url, $key, $placement, $inboxId] = $argv;

function call(string $action, string $inside): array
{
    global $url, $key, $placement;
    $xml = "<REQUEST><ACTION>$action</ACTION><API_KEY>$key</API_KEY>$inside</REQUEST>";
    $fields = [
        // curl sends an array as multipart/form-data.
        'array' => ['XML' => $xml],
        'form' => http_build_query(['xml' => $xml]),
        // Without urlencode(): it works as long as the document has no & and no +.
        'unescaped' => 'xml=' . $xml,
        'bare' => $xml,
    ];
    $curl = curl_init($url);
    curl_setopt_array($curl, [
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => $fields[$placement],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 20,
        CURLOPT_PROXY => '',
    ]);
    $body = curl_exec($curl);
    if ($body === false) {
        fwrite(STDERR, curl_error($curl) . "\n");
        exit(1);
    }
    $response = simplexml_load_string($body);
    if ($response === false || $response->getName() !== 'RESPONSE') {
        fwrite(STDERR, "not a response: $body\n");
        exit(1);
    }
    $found = [];
    foreach ($response->children() as $child) {
        $found[$child->getName()] = (string) $child;
    }
    echo json_encode(['call' => $action] + $found, JSON_UNESCAPED_UNICODE), "\n";
    return $found;
}

$slides = '<SLIDE><IMAGE><URL>http://media.example/a.jpg</URL></IMAGE><TEXT>Grüße 🎉</TEXT><DURATION>5</DURATION></SLIDE>';
$to = '<TO>15551234888</TO><FROM>60856</FROM>';

call('sendMMS', "$to<SUBJECT>Free</SUBJECT><NAME>n</NAME>$slides");
// The form of before 2014.
$nested = '<CONTENT><NAME>n</NAME><SEQUENCE><SLIDE duration="5"><TEXT>Two</TEXT></SLIDE></SEQUENCE></CONTENT>';
call('saveMMS', "<SUBJECT>Free</SUBJECT>$nested");
$saved = call('saveMMS', "<SUBJECT>Free</SUBJECT><NAME>n</NAME>$slides");
$custom = '<CUSTOMTEXT><VALUE>Hello</VALUE><SLIDE>1</SLIDE></CUSTOMTEXT>';
call('sendSavedMMS', "<MMSID>{$saved['MMSID']}</MMSID>$to<SPID>000189</SPID>$custom");
call('getMmsIds', '');
call('deleteMMSID', "<MMSID>{$saved['MMSID']}</MMSID>");
call('sendSavedMMS', "<MMSID>{$saved['MMSID']}</MMSID>$to");
call('sendSMS', "$to<TEXT>Hi!</TEXT>");
$campaign = call('createMMSCampaign', '<CAMPAIGNNAME>Winter Sale</CAMPAIGNNAME><BRANDNAME>Shop</BRANDNAME>');
call('getMmsCampaigns', '');
call('subscribe', "<CAMPAIGNID>{$campaign['CAMPAIGNID']}</CAMPAIGNID><MOBILE>15551234888</MOBILE><SPID>383</SPID>");
call('unsubscribe', "<CAMPAIGNID>{$campaign['CAMPAIGNID']}</CAMPAIGNID><MOBILE>15551234888</MOBILE>");
call('loginUSer', '');
call('removeMMSInboxContent', "<MMSINBOXID>$inboxId</MMSINBOXID>");
call('getSendingStatus', '<START_DATE>2020-01-01 00:00:00</START_DATE><END_DATE>2020-01-02 00:00:00</END_DATE>');

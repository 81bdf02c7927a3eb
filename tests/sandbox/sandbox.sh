#!/bin/sh
# Calls every action in every dialect with curl:  sh tests/sandbox/sandbox.sh http://127.0.0.1:8025 sandbox-key
# Prints one line for each response: the dialect and the action, then the response.
set -eu
url=${1:?the URL of the sandbox} key=${2:?its API key}
to=15551234888 from=60856 image=http://media.example/welcome.jpg

call() { # call DIALECT ACTION CURL-ARGUMENTS...
    label="$1 $2"
    shift 2
    answer=$(curl --silent --show-error --max-time 20 "$@" | tr '\n' ' ')
    printf '%s: %s\n' "$label" "$answer"
}
id() { # the id in the last response
    printf %s "$answer" | sed -nE 's/.*(MMSID>|mms-id>)([0-9]+)<.*/\2/p'
}

# ---- Skycore 1.3, XML: posted bare, and in a form field as documented

wxml=$url/API/wxml/1.3/index.php
bare() { call skycore-bare "$1" -H 'Content-Type: text/xml' --data-binary "$2" "$wxml"; }
form() { call skycore-form "$1" --data-urlencode "xml=$2" "$wxml"; }
request() { printf '<REQUEST><ACTION>%s</ACTION><API_KEY>%s</API_KEY>%s</REQUEST>' "$1" "$key" "$2"; }

addressed="<TO>$to</TO><FROM>$from</FROM>"
message="<SUBJECT>Hi</SUBJECT><NAME>hello</NAME>
<SLIDE><IMAGE><URL>$image</URL></IMAGE><TEXT>1 + 1 &lt; 3 &amp; 50% off</TEXT><DURATION>5</DURATION></SLIDE>"
for post in bare form; do
    $post send "$(request sendMMS "$addressed$message")"
    $post save "$(request saveMMS "$message")"
    saved=$(id)
    $post send-saved "$(request sendSavedMMS "<MMSID>$saved</MMSID>$addressed")"
    $post list "$(request getMmsIds '')"
    $post delete "$(request deleteMMSID "<MMSID>$saved</MMSID>")"
done

# ---- Skycore 1.3, GET: a space is + or %20, and a plus sign is %2B

get() { call skycore-get "$1" "$wxml?action=$2&api_key=$key$3"; }
addressed="&to=$to&from=$from"
message="&name=hello&slide_image_url_0=$image&slide_duration_0=5&subject"
get send-plus sendmms "$addressed$message=Hi+there&slide_text_value_0=1+%2B+1+%3C+3+%26+50%25+off"
get send-percent sendmms "$addressed$message=Hi%20there&slide_text_value_0=1%20%2B%201%20%3C%203%20%26%2050%25%20off"
get save savemms "$message=Hi+there"
saved=$(id)
get send-saved sendsavedmms "$addressed&mmsid=$saved"
get list getmmsids ''
get delete deletemmsid "&mmsid=$saved"

# ---- Sinch, XML

sinch() {
    call sinch "$1" -H 'Content-Type: text/xml; charset=utf-8' --data-binary \
        "<request><action>$2</action><api-key>$key</api-key>$3</request>" "$url/ep/v1/"
}
addressed="<to>$to</to><from>$from</from><service-id>12345</service-id><fallback-sms-text>Hi</fallback-sms-text>"
message="<message-subject>Hi</message-subject><name>hello</name>
<slide><image><url>$image</url></image><message-text>1 + 1 &lt; 3 &amp; 50% off</message-text></slide>"
sinch send sendMMS "$addressed$message"
sinch save saveMMS "$message"
saved=$(id)
sinch send-saved sendSavedMMS "<mms-id>$saved</mms-id>$addressed"
sinch list getMMSTemplates ''
sinch delete deleteMMSID "<mms-id>$saved</mms-id>"

# ---- Sinch, JSON: the key is in a header; it saves and sends, but cannot list or delete

json() {
    call sinch-json "$1" -H 'Content-Type: application/json; charset=utf-8' -H "x-api-key: $key" --data-binary "$2" "$url/ep/v2/"
}
addressed="\"to\": \"$to\", \"from\": \"$from\", \"service-id\": \"12345\", \"fallback-sms-text\": \"Hi\""
message="\"message-subject\": \"Hi\", \"slide\": [{\"image\": {\"url\": \"$image\"}, \"message-text\": \"1 + 1 < 3 & 50% off\"}]"
json send "{\"action\": \"sendmms\", $addressed, $message}"
json save "{\"action\": \"savemms\", \"name\": \"hello\", \"fallback-sms-text\": \"Hi\", $message}"
# The response does not contain the id; a postback does (N003). The XML service lists the newest id.
sinch stored-by-json getMMSTemplates ''
saved=$(id)
json send-saved "{\"action\": \"sendsavedmms\", \"mms-id\": \"$saved\", $addressed}"
json list '{"action": "getmmstemplates"}'
json delete "{\"action\": \"deletemmsid\", \"mms-id\": \"$saved\"}"

<?php
// A class for Cellcast in the manner of PHP applications: v1 sends an array with curl (multipart/form-data), reads the report of
// one message, and maps every state that it does not know to UNKNOWN. v3 sends JSON.
//
// Usage: php cellcast.php URL KEY NUMBER
// Reads a line from stdin before it asks for reports, so that the message can be delivered meanwhile.
// Prints one line of JSON for each call.

class Cellcast
{
    private const STATES = ['queued' => 'QUEUED', 'sent' => 'SENT', 'delivered' => 'DELIVERED', 'failed' => 'FAILED'];

    public function __construct(private string $url, private string $key) {}

    public function send(string $text, string $number): array
    {
        $picture = new CURLStringFile("\xff\xd8\xff\xe0\0\x10JFIF\0", 'a.jpg', 'image/jpeg');
        $fields = ['message' => $text, 'contacts' => json_encode([$number]), 'media' => $picture];
        return $this->request('/api/v1/gatewaymms', $fields, ["Authorization: Bearer {$this->key}"]);
    }

    public function sendOld(string $text, string $number): array
    {
        $fields = ['subject' => 'Hi', 'mms_text' => $text, 'mms_file' => 'https://media.example/a.jpg', 'numbers' => [$number]];
        $headers = ["APPKEY: {$this->key}", 'Content-Type: application/json', 'Accept: application/json'];
        return $this->request('/api/v3/send-mms', json_encode($fields), $headers);
    }

    public function state(string $id): string
    {
        $report = $this->request("/api/v2/report/message/$id", null, ["Authorization: Bearer {$this->key}"]);
        // The report is the object itself, not a list.
        return self::STATES[$report['data']['status'] ?? ''] ?? 'UNKNOWN';
    }

    public function balance(): array
    {
        return $this->request('/api/v1/apiClient/account', null, ["Authorization: Bearer {$this->key}"]);
    }

    private function request(string $path, array|string|null $fields, array $headers): array
    {
        $curl = curl_init($this->url . $path);
        $options = [CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 20, CURLOPT_PROXY => '', CURLOPT_HTTPHEADER => $headers];
        if ($fields !== null) {
            $options += [CURLOPT_POST => true, CURLOPT_POSTFIELDS => $fields];
        }
        curl_setopt_array($curl, $options);
        $body = curl_exec($curl);
        $answer = $body === false ? null : json_decode($body, true);
        if (!is_array($answer)) {
            fwrite(STDERR, 'not JSON: ' . ($body === false ? curl_error($curl) : $body) . "\n");
            exit(1);
        }
        return $answer;
    }
}

[, $url, $key, $number] = $argv;
$cellcast = new Cellcast($url, $key);
$sent = $cellcast->send("Grüße\r\nTwo", $number);
$id = $sent['data']['queueResponse'][0]['MessageId'] ?? '';
echo json_encode(['call' => 'send', 'status' => $sent['status'] ?? null, 'id' => $id]), "\n";
echo json_encode(['call' => 'state', 'state' => $cellcast->state($id)]), "\n";
fgets(STDIN);
echo json_encode(['call' => 'state', 'state' => $cellcast->state($id)]), "\n";
echo json_encode(['call' => 'state of another', 'state' => $cellcast->state('not-an-id')]), "\n";
$old = $cellcast->sendOld('Hi', $number);
echo json_encode(['call' => 'sendOld', 'status' => $old['meta']['status'] ?? null, 'sent' => $old['data']['success_number'] ?? null]), "\n";
echo json_encode(['call' => 'balance', 'left' => $cellcast->balance()['data']['mms_balance'] ?? null]), "\n";

using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace MqService.Harness.Faults.Hostile;

/// <summary>
/// Speaks the protocol itself: the client would not send a header with a line break in it, or one that is no UTF-8, and the server
/// passes on whatever it gets.
/// </summary>
internal sealed class HostileNats : IHostileSender
{
    private const string Inbox = "_INBOX.hostile";

    private readonly string queue;
    private readonly TcpClient client;
    private readonly NetworkStream stream;
    private readonly BufferedStream answers;

    // One at a time: the next answer is that to the last message.
    private readonly SemaphoreSlim gate = new(1);

    private HostileNats(string queue, TcpClient client)
    {
        this.queue = queue;
        this.client = client;
        stream = client.GetStream();
        answers = new BufferedStream(stream);
    }

    /// <summary>The server's limit, less what the service's stream keeps free for the headers of a failure.</summary>
    public int MaxBody => (1024 * 1024) - (40 * 1024);

    public static async Task<IHostileSender> ConnectAsync(string broker, string queue)
    {
        var address = new Uri(broker);
        var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        var sender = new HostileNats(queue, client);
        await sender.LineAsync();
        var credentials = address.UserInfo.Split(':');
        await sender.WriteAsync(Encoding.UTF8.GetBytes(
            $"CONNECT {{\"verbose\":false,\"pedantic\":false,\"headers\":true,\"user\":\"{credentials[0]}\",\"pass\":\"{credentials[1]}\"}}\r\nSUB {Inbox} 1\r\n"));
        return sender;
    }

    public async Task<bool> SendAsync(HostileMessage message)
    {
        var body = message.Body ?? [];
        var headers = Headers(message);
        await gate.WaitAsync();
        try
        {
            await WriteAsync(
            [
                .. Encoding.UTF8.GetBytes($"HPUB {queue} {Inbox} {headers.Length} {headers.Length + body.Length}\r\n"), .. headers, .. body, .. "\r\n"u8,
            ]);
            return await AnswerAsync();
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await answers.DisposeAsync();
        client.Dispose();
        gate.Dispose();
    }

    private static byte[] Headers(HostileMessage message)
    {
        using var block = new MemoryStream();
        block.Write("NATS/1.0\r\n"u8);
        foreach (var (name, value) in message.Headers)
        {
            block.Write(Encoding.UTF8.GetBytes(name));
            block.Write(": "u8);
            block.Write(HostileBytes.Of(value));
            block.Write("\r\n"u8);
        }

        block.Write("\r\n"u8);
        return block.ToArray();
    }

    /// <summary>What the stream says to a message: that it is in, or why it is not.</summary>
    private async Task<bool> AnswerAsync()
    {
        while (true)
        {
            var words = (await LineAsync()).Split(' ');
            switch (words[0])
            {
                case "PING":
                    await WriteAsync("PONG\r\n"u8.ToArray());
                    break;
                case "MSG" or "HMSG":
                    var payload = new byte[int.Parse(words[^1], CultureInfo.InvariantCulture) + 2];
                    await answers.ReadExactlyAsync(payload);
                    if (words[0] == "HMSG")
                    {
                        // Nobody listens there: the service is not up.
                        throw new FaultException("There is no stream for hostile messages.");
                    }

                    var answer = JsonNode.Parse(payload.AsSpan(0, payload.Length - 2))!;
                    return answer["error"] is null && (bool?)answer["duplicate"] != true;
                case "-ERR":
                    throw new FaultException($"NATS: {string.Join(' ', words)}");
            }
        }
    }

    private async Task WriteAsync(byte[] bytes) => await stream.WriteAsync(bytes);

    private async Task<string> LineAsync()
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (one[0] != '\n')
        {
            await answers.ReadExactlyAsync(one);
            line.Append((char)one[0]);
        }

        return line.ToString().TrimEnd();
    }
}

using System.Net;
using System.Text;

namespace MqService.Harness.Faults;

/// <summary>Takes what is exported over OTLP (HTTP) and keeps it as it came: texts stand in it as they are.</summary>
internal sealed class TelemetryCapture : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly MemoryStream received = new();
    private readonly Lock gate = new();
    private readonly Task listening;

    public TelemetryCapture()
    {
        Address = $"http://127.0.0.1:{Ports.Free(1)[0]}/";
        listener.Prefixes.Add(Address);
        listener.Start();
        listening = ListenAsync();
    }

    public string Address { get; }

    public long Bytes
    {
        get
        {
            lock (gate)
            {
                return received.Length;
            }
        }
    }

    public string Text
    {
        get
        {
            lock (gate)
            {
                return Encoding.Latin1.GetString(received.ToArray());
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await listening;
        await received.DisposeAsync();
    }

    private async Task ListenAsync()
    {
        while (true)
        {
            try
            {
                var context = await listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                lock (gate)
                {
                    body.WriteTo(received);
                    received.WriteByte((byte)'\n');
                }

                context.Response.Close();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException && !listener.IsListening)
            {
                return;
            }
        }
    }
}

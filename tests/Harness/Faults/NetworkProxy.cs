using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace MqService.Harness.Faults;

/// <summary>The network between a service and its broker: a TCP proxy on the loopback address that can do what networks do.</summary>
public sealed class NetworkProxy : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Link, bool> links = new();
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;
    private readonly int target;
    private volatile bool isCut;
    private volatile bool isFrozen;

    /// <param name="target">The port of the broker.</param>
    public NetworkProxy(int target)
    {
        this.target = target;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>How long each byte is under way, in one direction.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>A cable that was pulled where both ends notice: connections break, and new ones are closed at once.</summary>
    public void Cut()
    {
        isCut = true;
        Reset();
    }

    /// <summary>A cable that was pulled somewhere in the middle: nothing arrives any more, and nobody is told.</summary>
    public void Freeze() => isFrozen = true;

    /// <summary>All is well again, for new connections: those that were open meanwhile are reset.</summary>
    public void Restore()
    {
        Reset();
        isFrozen = false;
        isCut = false;
    }

    /// <summary>Every connection ends with a reset, as when a firewall forgets them.</summary>
    public void Reset()
    {
        foreach (var link in links.Keys)
        {
            link.Reset();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        Reset();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptSocketAsync(stop.Token);
                _ = RunAsync(new Link(client));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy is being disposed of.
        }
    }

    private async Task RunAsync(Link link)
    {
        links[link] = true;
        try
        {
            if (!isCut)
            {
                await link.Server.ConnectAsync(IPAddress.Loopback, target, stop.Token);
                await Task.WhenAny(PumpAsync(link.Client, link.Server), PumpAsync(link.Server, link.Client));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The broker is not there: to the service that is a connection that breaks.
        }
        finally
        {
            links.TryRemove(link, out _);
            link.Reset();
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        // What is under way, with the time of its arrival: latency must not become a limit to the throughput.
        var line = Channel.CreateBounded<(DateTime Arrives, byte[] Bytes)>(1_000);
        var delivering = DeliverAsync();
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                await line.Writer.WriteAsync((DateTime.UtcNow + Latency, buffer[..count]));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // One end is gone; the other is told when the link is reset.
        }

        line.Writer.Complete();
        await delivering;

        async Task DeliverAsync()
        {
            try
            {
                await foreach (var (arrives, bytes) in line.Reader.ReadAllAsync())
                {
                    if (arrives - DateTime.UtcNow is { Ticks: > 0 } wait)
                    {
                        await Task.Delay(wait);
                    }

                    // What was sent into a frozen network never arrives.
                    if (!isFrozen)
                    {
                        for (var rest = bytes.AsMemory(); rest.Length > 0;)
                        {
                            rest = rest[await to.SendAsync(rest)..];
                        }
                    }
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // As above. What else is under way is read and dropped, so that the sender does not wait for ever.
                await foreach (var _ in line.Reader.ReadAllAsync())
                {
                }
            }
        }
    }

    /// <summary>A connection of the service, and the one to the broker that belongs to it.</summary>
    private sealed class Link(Socket client)
    {
        public Socket Client => client;

        public Socket Server { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        /// <summary>Without lingering, to close is to reset.</summary>
        public void Reset()
        {
            foreach (var socket in (Socket[])[client, Server])
            {
                try
                {
                    socket.LingerState = new LingerOption(enable: true, seconds: 0);
                }
                catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
                {
                    // It is closed already.
                }

                socket.Dispose();
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace MqService.Harness;

public static class Ports
{
    /// <summary>
    /// Below those that systems give to outgoing connections. A server listens only after it has booted, and after a kill not at all for
    /// a while: until then, anybody who connects anywhere may be given a port from up there, and the server could not listen on it.
    /// </summary>
    private const int First = 10_000;
    private const int End = 32_768;

    /// <summary>Ports on the loopback address that are free now, all different.</summary>
    public static int[] Free(int count)
    {
        var listeners = new List<TcpListener>();
        try
        {
            while (listeners.Count < count)
            {
                var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(First, End));
                try
                {
                    listener.Start();
                    listeners.Add(listener);
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
                {
                    listener.Dispose();
                }
            }

            return [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        }
        finally
        {
            listeners.ForEach(l => l.Dispose());
        }
    }
}

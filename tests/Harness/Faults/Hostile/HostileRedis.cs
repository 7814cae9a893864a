using StackExchange.Redis;

namespace MqService.Harness.Faults.Hostile;

internal sealed class HostileRedis(ConnectionMultiplexer connection, string queue) : IHostileSender
{
    public int MaxBody => int.MaxValue;

    public static async Task<IHostileSender> ConnectAsync(string broker, string queue) =>
        new HostileRedis(await ConnectionMultiplexer.ConnectAsync(broker), queue);

    public async Task<bool> SendAsync(HostileMessage message)
    {
        List<NameValueEntry> fields = [.. message.Headers.Select(header => new NameValueEntry(header.Key, HostileBytes.Of(header.Value)))];

        // An entry must have a field: what has neither headers nor a body has one that nobody knows.
        fields.Add(message.Body is { } body ? new("data", body) : new("nothing", ""));
        await connection.GetDatabase().StreamAddAsync(queue, [.. fields]);
        return true;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}

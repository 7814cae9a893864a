using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// The messages that this process holds, handled or waiting for it. The server hears of each of them before its
/// <see cref="NatsSettings.AckWait"/> is over, and so does not give it to someone else.
/// </summary>
internal sealed class NatsLeases(IOptions<NatsSettings> settings, TimeProvider clock)
{
    private readonly ConcurrentDictionary<NatsDelivery, bool> _held = new();
    private readonly TimeSpan _interval = settings.Value.AckWait / 3;

    public void Add(NatsDelivery delivery) => _held.TryAdd(delivery, true);

    public void Remove(NatsDelivery delivery) => _held.TryRemove(delivery, out _);

    /// <summary>How many messages of this source are held.</summary>
    public int Count(NatsSource source) => _held.Keys.Count(delivery => delivery.Source == source);

    /// <summary>Renews what is held, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_interval, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(_interval);
            await Task.WhenAll(_held.Keys.Select(delivery => delivery.RenewAsync(timeout.Token)));
        }
    }
}

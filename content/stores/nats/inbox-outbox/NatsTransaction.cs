using System.Diagnostics;
using System.Text.Json;
using Acme._1.Contracts;
using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

/// <summary>What one handler has done so far. Nothing of it shows before it is committed.</summary>
internal sealed class NatsTransaction(NatsInbox inbox) : IInbox, IOutbox
{
    private readonly List<(string Log, int Attempt)> _effects = [];
    private readonly List<OutgoingMessage> _messages = [];

    public async Task<bool> RunOnceAsync(string queue, string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        var key = $"{queue}.{messageId.ToKey()}";
        using var claim = await inbox.ClaimAsync(key, cancellationToken);
        if (await inbox.ContainsAsync(key, cancellationToken))
        {
            return false;
        }

        await work(cancellationToken);

        // Each effect has an id of its own, which is the same each time the message is handled.
        var effects = _effects.Select((effect, number) => new Effect(effect.Log, $"{key}.{number}", effect.Attempt));
        return await inbox.CommitAsync(key, new([.. effects], _messages), cancellationToken);
    }

    public void Add<T>(T message)
        where T : class
    {
        var type = MessageTypes.Of(typeof(T));
        _messages.Add(new(
            Guid.CreateVersion7().ToString(), type.Name, JsonSerializer.SerializeToUtf8Bytes(message, type.Json), Activity.Current?.Id));
    }

    /// <summary>Adds an effect to this log when the handler has succeeded, and not before.</summary>
    public void AddEffect(string log, int attempt) => _effects.Add((log, attempt));
}

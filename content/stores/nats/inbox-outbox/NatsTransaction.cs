using Acme._1.Messaging;
using Microsoft.Extensions.Options;

namespace Acme._1.Consumer.Stores;

/// <summary>What one handler has done so far. Nothing of it shows before it is committed.</summary>
internal sealed class NatsTransaction(NatsInbox inbox, IOptions<MessagingOptions> options) : IInbox, IOutbox
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
        where T : class => _messages.Add(OutgoingMessage.Create(message, options.Value.MaxMessageBytes));

    /// <summary>Adds an effect to this log when the handler has succeeded, and not before.</summary>
    public void AddEffect(string log, int attempt) => _effects.Add((log, attempt));
}

using Acme._1.Messaging;
using Microsoft.Extensions.Options;

namespace Acme._1.Consumer.Stores;

/// <summary>What one handler has done so far. Nothing of it shows before it is committed.</summary>
internal sealed class MemoryTransaction(MemoryInbox inbox, IOptions<MessagingOptions> options) : IInbox, IOutbox
{
    private readonly List<Action> _effects = [];
    private readonly List<OutgoingMessage> _messages = [];

    public async Task<bool> RunOnceAsync(string queue, string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        var message = new MessageKey(queue, messageId);
        using var claim = await inbox.ClaimAsync(message, cancellationToken);
        if (claim is null)
        {
            return false;
        }

        await work(cancellationToken);
        inbox.Commit(message, _effects, _messages);
        return true;
    }

    public void Add<T>(T message)
        where T : class => _messages.Add(OutgoingMessage.Create(message, options.Value.MaxMessageBytes));

    /// <summary>Does this when the handler has succeeded, and not before.</summary>
    public void OnCommit(Action effect) => _effects.Add(effect);
}

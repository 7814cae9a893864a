using System.Diagnostics;
using System.Text.Json;
using Acme._1.Contracts;
using Acme._1.Messaging;

namespace Acme._1.Consumer.Stores;

/// <summary>What one handler has done so far. Nothing of it shows before it is committed.</summary>
internal sealed class MemoryTransaction(MemoryInbox inbox) : IInbox, IOutbox
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
        where T : class
    {
        var type = MessageTypes.Of(typeof(T));
        _messages.Add(new(
            Guid.CreateVersion7().ToString(), type.Name, JsonSerializer.SerializeToUtf8Bytes(message, type.Json), Activity.Current?.Id));
    }

    /// <summary>Does this when the handler has succeeded, and not before.</summary>
    public void OnCommit(Action effect) => _effects.Add(effect);
}

using Acme._1.Messaging;
using Microsoft.Extensions.Options;
using NATS.Client.KeyValueStore;

namespace Acme._1.Consumer.Stores;

/// <summary>
/// Inbox and outbox of a message about a saga or about a participant's record. NATS changes one key at a time, so the
/// document that the message is about is its commit: written over the revision that was read, it holds the new state, the
/// note that this message was handled, and the messages that it leads to.
/// </summary>
/// <remarks>
/// Why nothing is lost and nothing happens twice, whenever the process dies:
/// before the document is written nothing has happened, and the message comes again. After that, it comes again too, for it
/// is not acknowledged before all that follows has happened; then it is found among the messages that were handled, and
/// what is left is done. Of two deliveries, or two messages about the same document, that run at the same time, in
/// whatever processes, one finds another revision when it commits: its work is run again on what is there by then.
/// </remarks>
internal sealed class NatsSagaTransaction(NatsSagaDocuments documents, IOptions<MessagingOptions> options) : IInbox, IOutbox
{
    private readonly List<OutgoingMessage> _messages = [];
    private string? _message;
    private StoredDocument? _loaded;
    private SagaDocument? _saved;

    public async Task<bool> RunOnceAsync(string queue, string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        _message = $"{queue}.{messageId.ToKey()}";
        try
        {
            do
            {
                _messages.Clear();
                _loaded = null;
                _saved = null;
                await work(cancellationToken);
            }
            while (!await CommitAsync(cancellationToken));
            return true;
        }
        catch (AlreadyHandledException)
        {
            return false;
        }
    }

    public void Add<T>(T message)
        where T : class => _messages.Add(OutgoingMessage.Create(message, options.Value.MaxMessageBytes));

    /// <summary>The document that the message is about.</summary>
    /// <exception cref="AlreadyHandledException">The message was handled before: which document knows that shows only now.</exception>
    public async Task<SagaDocument> LoadAsync(NatsKVConfig bucket, string key, CancellationToken cancellationToken)
    {
        if (_message is null)
        {
            throw new InvalidOperationException("No message is being handled in this scope.");
        }

        if (_loaded is not null && (_loaded.Bucket != bucket.Bucket || _loaded.Key != key))
        {
            throw new InvalidOperationException("A message is about one saga or one record: NATS commits one key.");
        }

        _loaded = await documents.LoadAsync(bucket, key, cancellationToken);
        return _loaded.Document.Handled.Contains(_message) ? throw new AlreadyHandledException() : _loaded.Document;
    }

    /// <summary>Changes the document that was loaded when the handler has succeeded, and not before.</summary>
    public void Save(Func<SagaDocument, SagaDocument> change) =>
        _saved = change(_loaded?.Document ?? throw new InvalidOperationException("What is saved must be loaded first."));

    private async Task<bool> CommitAsync(CancellationToken cancellationToken)
    {
        if (_saved is null && _messages.Count == 0)
        {
            // It has changed nothing: a late answer, say. Handled again, it would do the same.
            return true;
        }

        if (_loaded is null)
        {
            throw new InvalidOperationException("Messages are sent with the saga or the record that they are about: load it first.");
        }

        var document = (_saved ?? _loaded.Document) with
        {
            Handled = [.. _loaded.Document.Handled, _message!],
            Outgoing = [.. _messages],
            IsOpen = true,
        };
        return await documents.CommitAsync(_loaded with { Document = document }, cancellationToken);
    }

    /// <summary>Leads out of a handler whose message was handled before.</summary>
    private sealed class AlreadyHandledException() : Exception("The message was handled before.");
}

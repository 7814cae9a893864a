namespace Acme._1.Consumer.Stores;

internal sealed class NatsStepRecords(NatsSagaDocuments documents, NatsSagaTransaction transaction) : IStepRecords
{
    private static readonly string[] All = [Participants.Stock, Participants.Payments, Participants.Shipping];

    public async Task<IReadOnlyList<StepRecord>> FindAllAsync(string orderId, CancellationToken cancellationToken)
    {
        var found = await Task.WhenAll(All.Select(
            participant => documents.FindAsync(NatsSagaDocuments.Steps, KeyOf(participant, orderId), cancellationToken)));
        return [.. found.Select(stored => stored.Document.Step).OfType<StepRecord>().OrderBy(record => record.ChangedAt)];
    }

    public async Task<StepRecord?> LoadAsync(string participant, string orderId, CancellationToken cancellationToken) =>
        (await transaction.LoadAsync(NatsSagaDocuments.Steps, KeyOf(participant, orderId), cancellationToken)).Step;

    public Task SaveAsync(StepRecord record, CancellationToken cancellationToken)
    {
        transaction.Save(document => document with { Step = record });
        return Task.CompletedTask;
    }

    private static string KeyOf(string participant, string orderId) => $"{participant}.{orderId.ToKey()}";
}

namespace Acme._1.Consumer.Stores;

internal static class MemoryStepRecordsExtensions
{
    /// <summary>Adds the participants' records, with inbox and outbox, in memory.</summary>
    public static void AddMemoryStepRecords(this IHostApplicationBuilder builder)
    {
        builder.AddMemoryInboxAndOutbox();
        builder.Services.AddSingleton<MemoryLocks>();
        builder.Services.AddSingleton<MemoryStepRecordEntries>();
        builder.Services.AddScoped<IStepRecords, MemoryStepRecords>();
    }
}

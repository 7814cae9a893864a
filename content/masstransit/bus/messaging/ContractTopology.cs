using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Acme._1.Contracts;
using MassTransit;

namespace Acme._1.Messaging;

/// <summary>Makes MassTransit use the names, the ids and the JSON of the contracts.</summary>
internal static class ContractTopology
{
    public static void UseContracts(this IBusFactoryConfigurator bus)
    {
        bus.MessageTopology.SetEntityNameFormatter(new DestinationNameFormatter(bus.MessageTopology.EntityNameFormatter));
        bus.ConfigurePublish(pipe => pipe.UseExecute(context => context.EnsureOwnMessageId()));
        bus.ConfigureSend(pipe => pipe.UseExecute(context => context.EnsureOwnMessageId()));
        bus.ConfigureJsonSerializerOptions(options =>
        {
            options.Converters.Add(new ContractConverterFactory());
            return options;
        });
    }

    /// <summary>
    /// Publishing a message goes to the destination of its contract, not to an exchange named after its class. Answers are
    /// not published: they go to an address.
    /// </summary>
    private sealed class DestinationNameFormatter(IEntityNameFormatter others) : IEntityNameFormatter
    {
        public string FormatEntityName<T>() =>
            MessageTypes.All.FirstOrDefault(type => type.Json.Type == typeof(T))?.Destination is { Kind: DestinationKind.Queue or DestinationKind.Topic } destination
                ? destination.Name
                : others.FormatEntityName<T>();
    }

    /// <summary>
    /// The envelope is MassTransit's, the message in it is the contract's: read and written by the code that the
    /// contracts generate, with their strictness about missing properties.
    /// </summary>
    private sealed class ContractConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) => MessageTypes.All.Any(type => type.Json.Type == typeToConvert);

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(ContractConverter<>).MakeGenericType(typeToConvert), MessageTypes.Of(typeToConvert).Json)!;
    }

    private sealed class ContractConverter<T>(JsonTypeInfo<T> json) : JsonConverter<T>
    {
        public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize(ref reader, json);

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value, json);
    }
}

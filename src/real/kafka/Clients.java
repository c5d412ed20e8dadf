/*
 * Kafka's own clients, told what to do from outside: a command a line of JSON on standard input, an answer or an event a
 * line of JSON on standard output. What an application does with its client (when it sends, polls, works and commits) is
 * not here, but in src/real/kafka/*.ts; each client has one thread here, as an application's has, and does one command
 * after another. Ends with its input.
 */
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.internals.AppInfoParser;
import org.apache.kafka.common.utils.internals.Exit;
import org.apache.kafka.server.common.MetadataVersion;
import org.apache.kafka.tools.consumer.group.ConsumerGroupCommand;

public class Clients {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  private static final Map<String, Client> CLIENTS = new ConcurrentHashMap<>();

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode command = JSON.readTree(line);
      CLIENTS.computeIfAbsent(command.get("client").asText(), Client::new).take(command);
    }
    Runtime.getRuntime().halt(0);
  }

  static void tell(ObjectNode line) {
    synchronized (OUT) {
      OUT.println(line);
      OUT.flush();
    }
  }

  static ObjectNode object() {
    return JSON.createObjectNode();
  }

  static byte[] bytes(String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  static String text(JsonNode command, String name) {
    return command.hasNonNull(name) ? command.get(name).asText() : null;
  }

  static TopicPartition place(String name) {
    int at = name.lastIndexOf('-');
    return new TopicPartition(name.substring(0, at), Integer.parseInt(name.substring(at + 1)));
  }

  static List<String> strings(JsonNode array) {
    List<String> all = new ArrayList<>();
    if (array != null) array.forEach(one -> all.add(one.asText()));
    return all;
  }

  static List<TopicPartition> places(JsonNode array) {
    return strings(array).stream().map(Clients::place).toList();
  }

  /** In order of topic and number, whatever set they were in. */
  static ArrayNode names(Collection<TopicPartition> places) {
    ArrayNode array = JSON.createArrayNode();
    TreeMap<String, TreeMap<Integer, TopicPartition>> sorted = new TreeMap<>();
    for (TopicPartition one : places)
      sorted.computeIfAbsent(one.topic(), topic -> new TreeMap<>()).put(one.partition(), one);
    sorted.values().forEach(topic -> topic.values().forEach(one -> array.add(one.toString())));
    return array;
  }

  static Properties properties(JsonNode config) {
    Properties properties = new Properties();
    config.properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue().asText()));
    return properties;
  }

  /** Tells of every commit that the broker has taken, the client's own ones too. */
  public static class CommitTeller implements ConsumerInterceptor<byte[], byte[]> {
    private String client;

    @Override
    public void configure(Map<String, ?> config) {
      client = (String) config.get("brokerbook.client");
    }

    @Override
    public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
      return records;
    }

    @Override
    public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {
      ObjectNode event = object().put("client", client).put("event", "committed");
      ObjectNode by = event.putObject("offsets");
      names(offsets.keySet()).forEach(name -> by.put(name.asText(), offsets.get(place(name.asText())).offset()));
      tell(event);
    }

    @Override
    public void close() {}
  }

  /** What a scenario calls a client: one thread, and whatever of Kafka it has opened on it. */
  static class Client implements ConsumerRebalanceListener {
    private final String id;
    private final ExecutorService thread;
    private KafkaProducer<byte[], byte[]> producer;
    private KafkaConsumer<byte[], byte[]> consumer;
    private KafkaShareConsumer<byte[], byte[]> share;
    private Admin admin;
    private final Map<String, ConsumerRecord<byte[], byte[]>> taken = new HashMap<>();
    /** What it is to be given next, of each partition that it reads. */
    private final Map<TopicPartition, Long> next = new HashMap<>();

    Client(String id) {
      this.id = id;
      this.thread = Executors.newSingleThreadExecutor(run -> {
        Thread made = new Thread(run, id);
        made.setDaemon(true);
        return made;
      });
    }

    void take(JsonNode command) {
      thread.execute(() -> {
        ObjectNode answer = object().put("answer", command.get("id").asInt());
        try {
          carryOut(command, answer);
        } catch (Exception error) {
          Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
          answer.putObject("error").put("code", cause.getClass().getSimpleName()).put("detail", String.valueOf(cause.getMessage()));
        }
        tell(answer);
      });
    }

    private void carryOut(JsonNode command, ObjectNode answer) throws Exception {
      switch (command.get("do").asText()) {
        // Producers.
        case "open-producer" -> producer = new KafkaProducer<>(properties(command.get("config")), new ByteArraySerializer(), new ByteArraySerializer());
        case "send" -> send(command);
        case "flush" -> producer.flush();
        case "init-transactions" -> producer.initTransactions();
        case "begin" -> producer.beginTransaction();
        case "commit-transaction" -> producer.commitTransaction();
        case "abort-transaction" -> producer.abortTransaction();
        case "send-offsets" -> producer.sendOffsetsToTransaction(offsets(command.get("offsets")), consumer.groupMetadata());
        // Consumers.
        case "open-consumer" -> openConsumer(command);
        case "poll" -> poll(command.get("timeoutMs").asLong(), answer.putArray("records"));
        case "commit" -> {
          if (command.hasNonNull("offsets")) consumer.commitSync(offsets(command.get("offsets")));
          else consumer.commitSync();
        }
        case "commit-async" -> {
          if (command.hasNonNull("offsets")) consumer.commitAsync(offsets(command.get("offsets")), this::committedAsync);
          else consumer.commitAsync(this::committedAsync);
        }
        case "seek" -> seek(command, answer.putObject("positions"));
        case "pause" -> consumer.pause(places(command.get("places")));
        case "resume" -> consumer.resume(places(command.get("places")));
        // Share consumers.
        case "open-share" -> openShare(command);
        case "acknowledge" -> share.acknowledge(taken.remove(text(command, "record")), AcknowledgeType.valueOf(text(command, "type").toUpperCase()));
        case "commit-share" -> share.commitSync();
        case "close" -> close();
        case "warm-up" -> warmUp(properties(command.get("config")));
        // Administrators.
        case "open-admin" -> admin = Admin.create(properties(command.get("config")));
        default -> administrate(command, answer);
      }
    }

    /** Classes are loaded at their first use, which takes as long as a rebalance may wait. */
    private void warmUp(Properties config) {
      config.put("group.id", "none");
      for (String protocol : List.of("classic", "consumer")) {
        config.put("group.protocol", protocol);
        KafkaConsumer<byte[], byte[]> first = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        first.listTopics();
        first.close();
      }
      new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer()).close();
    }

    private void close() {
      if (producer != null) producer.close();
      if (consumer != null) consumer.close();
      if (share != null) share.close();
      producer = null;
      consumer = null;
      share = null;
    }

    // Producers.

    private void send(JsonNode command) {
      int message = command.get("message").asInt();
      JsonNode partition = command.get("partition");
      ProducerRecord<byte[], byte[]> sent = new ProducerRecord<>(text(command, "topic"), partition == null || partition.isNull() ? null : partition.asInt(), bytes(text(command, "key")), bytes(text(command, "value")));
      command.get("headers").properties().forEach(header -> sent.headers().add(header.getKey(), bytes(header.getValue().asText())));
      producer.send(sent, (where, error) -> {
        ObjectNode event = object().put("client", id).put("message", message);
        if (error == null) event.put("event", "confirmed").put("place", where.topic() + "-" + where.partition()).put("position", where.hasOffset() ? where.offset() : null);
        else event.put("event", "failed").put("code", error.getClass().getSimpleName()).put("detail", error.getMessage());
        tell(event);
      });
    }

    // Consumers.

    /** What was taken, the interceptor tells. */
    private void committedAsync(Map<TopicPartition, OffsetAndMetadata> offsets, Exception error) {
      if (error != null) tell(object().put("client", id).put("event", "commit-failed").put("code", error.getClass().getSimpleName()).put("detail", error.getMessage()));
    }

    private void openConsumer(JsonNode command) {
      Properties config = properties(command.get("config"));
      config.put("interceptor.classes", CommitTeller.class.getName());
      config.put("brokerbook.client", id);
      consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      if (command.hasNonNull("assign")) {
        List<TopicPartition> places = places(command.get("assign"));
        consumer.assign(places);
        tellPositions(places);
      } else consumer.subscribe(strings(command.get("topics")), this);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> places) {
      membership("assigned", places);
      tellPositions(places);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> places) {
      if (!places.isEmpty()) membership("revoked", places);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> places) {
      if (!places.isEmpty()) membership("lost", places);
    }

    private void membership(String event, Collection<TopicPartition> places) {
      ObjectNode line = object().put("client", id).put("event", event).put("generation", consumer.groupMetadata().generationId());
      line.set("places", names(places));
      if (event.equals("assigned")) line.set("all", names(consumer.assignment()));
      tell(line);
    }

    /** Where it begins to read. Without a committed offset and a way to do without, poll() says so itself. */
    private void tellPositions(Collection<TopicPartition> places) {
      if (places.isEmpty()) return;
      Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(new java.util.HashSet<>(places));
      for (JsonNode name : names(places)) {
        TopicPartition one = place(name.asText());
        ObjectNode event = object().put("client", id).put("event", "positioned").put("place", name.asText());
        boolean isCommitted = committed.get(one) != null;
        try {
          event.put("by", isCommitted ? "committed" : "reset");
          next.put(one, consumer.position(one));
          event.put("position", next.get(one));
        } catch (org.apache.kafka.clients.consumer.NoOffsetForPartitionException none) {
          if (!isCommitted) continue;
          // It was thrown for another one, and this one's is known by now.
          next.put(one, consumer.position(one));
          event.put("position", next.get(one));
        }
        tell(event);
      }
    }

    private void poll(long timeoutMs, ArrayNode records) {
      ConsumerRecords<byte[], byte[]> polled = share == null ? consumer.poll(Duration.ofMillis(timeoutMs)) : share.poll(Duration.ofMillis(timeoutMs));
      taken.clear();
      if (consumer != null) tellResets(polled);
      for (ConsumerRecord<byte[], byte[]> one : polled) {
        String place = one.topic() + "-" + one.partition();
        taken.put(place + "@" + one.offset(), one);
        ObjectNode record = records.addObject().put("place", place).put("position", one.offset()).put("key", text(one.key())).put("value", text(one.value()));
        ObjectNode headers = record.putObject("headers");
        for (Header header : one.headers()) headers.put(header.key(), text(header.value()));
        one.deliveryCount().ifPresent(count -> record.put("deliveryCount", count.intValue()));
      }
    }

    /** Of a reset nobody is told: it is where the position has moved, by no record, past the beginning of what is left. */
    private void tellResets(ConsumerRecords<byte[], byte[]> polled) {
      next.keySet().retainAll(consumer.assignment());
      for (TopicPartition one : List.copyOf(next.keySet())) {
        List<ConsumerRecord<byte[], byte[]>> records = polled.records(one);
        long now;
        try {
          now = consumer.position(one, Duration.ZERO);
        } catch (org.apache.kafka.common.errors.TimeoutException unknown) {
          continue;
        }
        long first = records.isEmpty() ? now : records.get(0).offset();
        if (first > next.get(one) && consumer.beginningOffsets(List.of(one)).get(one) > next.get(one))
          tell(object().put("client", id).put("event", "positioned").put("place", one.toString()).put("by", "reset").put("outOfRange", true).put("position", first));
        next.put(one, now);
      }
    }

    private static Map<TopicPartition, OffsetAndMetadata> offsets(JsonNode by) {
      Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
      by.properties().forEach(entry -> offsets.put(place(entry.getKey()), new OffsetAndMetadata(entry.getValue().asLong())));
      return offsets;
    }

    private void seek(JsonNode command, ObjectNode positions) {
      List<TopicPartition> places = places(command.get("places"));
      switch (text(command, "to")) {
        case "beginning" -> consumer.seekToBeginning(places);
        case "end" -> consumer.seekToEnd(places);
        case "offset" -> places.forEach(one -> consumer.seek(one, command.get("offset").asLong()));
        default -> {
          Map<TopicPartition, Long> times = new HashMap<>();
          places.forEach(one -> times.put(one, command.get("time").asLong()));
          // Nothing of that time or later: the end.
          consumer.offsetsForTimes(times).forEach((one, found) -> {
            if (found == null) consumer.seekToEnd(List.of(one));
            else consumer.seek(one, found.offset());
          });
        }
      }
      for (TopicPartition one : places) {
        next.put(one, consumer.position(one));
        positions.put(one.toString(), next.get(one));
      }
    }

    // Share consumers.

    private void openShare(JsonNode command) {
      share = new KafkaShareConsumer<>(properties(command.get("config")), new ByteArrayDeserializer(), new ByteArrayDeserializer());
      share.setAcknowledgementCommitCallback((offsets, error) -> offsets.forEach((one, all) -> {
        String place = one.topic() + "-" + one.partition();
        for (long offset : all) {
          ObjectNode event = object().put("client", id).put("event", "acknowledged").put("record", place + "@" + offset);
          if (error != null) event.put("code", error.getClass().getSimpleName());
          tell(event);
        }
      }));
      share.subscribe(strings(command.get("topics")));
    }

    // Administrators.

    private void administrate(JsonNode command, ObjectNode answer) throws Exception {
      String topic = text(command, "topic");
      switch (command.get("do").asText()) {
        // A broker tells nobody its version; the metadata.version that its cluster has agreed on begins with it.
        case "version" -> {
          short level = admin.describeFeatures().featureMetadata().get().finalizedFeatures().get("metadata.version").maxVersionLevel();
          answer.put("release", MetadataVersion.fromFeatureLevel(level).version().split("-")[0]).put("nodes", admin.describeCluster().nodes().get().size());
          answer.put("client", AppInfoParser.getVersion()).put("java", System.getProperty("java.version"));
        }
        case "create-topic" -> {
          Map<Integer, List<Integer>> replicas = new HashMap<>();
          for (JsonNode list : command.get("replicas")) replicas.put(replicas.size(), strings(list).stream().map(Integer::valueOf).toList());
          Map<String, String> config = new HashMap<>();
          command.get("config").properties().forEach(entry -> config.put(entry.getKey(), entry.getValue().asText()));
          admin.createTopics(List.of(new NewTopic(topic, replicas).configs(config))).all().get();
        }
        case "create-partitions" -> {
          List<List<Integer>> more = new ArrayList<>();
          for (JsonNode list : command.get("replicas")) more.add(strings(list).stream().map(Integer::valueOf).toList());
          admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(command.get("total").asInt(), more))).all().get();
        }
        case "alter-configs" -> {
          ConfigResource resource = new ConfigResource(ConfigResource.Type.valueOf(text(command, "type")), text(command, "name"));
          List<AlterConfigOp> ops = new ArrayList<>();
          command.get("config").properties().forEach(entry -> ops.add(new AlterConfigOp(new ConfigEntry(entry.getKey(), entry.getValue().isNull() ? null : entry.getValue().asText()), entry.getValue().isNull() ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET)));
          admin.incrementalAlterConfigs(Map.of(resource, ops)).all().get();
        }
        case "groups-tool" -> groupsTool(strings(command.get("arguments")), answer);
        case "delete-topics" -> admin.deleteTopics(strings(command.get("topics"))).all().get();
        case "delete-group" -> admin.deleteConsumerGroups(List.of(text(command, "group"))).all().get();
        case "partitions-of-keys" -> {
          ArrayNode partitions = answer.putArray("partitions");
          int count = command.get("count").asInt();
          for (JsonNode key : command.get("keys")) partitions.add(BuiltInPartitioner.partitionForKey(bytes(key.asText()), count));
        }
        case "assign" -> Assigning.assign(command, answer);
        case "assign-on-server" -> Assigning.assignOnServer(command, answer);
        default -> throw new IllegalArgumentException("no command " + command);
      }
    }
  }

  /** kafka-consumer-groups.sh, as its script would start it; one at a time, for it prints to where all of this process does. */
  static synchronized void groupsTool(List<String> arguments, ObjectNode answer) {
    java.io.ByteArrayOutputStream printed = new java.io.ByteArrayOutputStream();
    int[] exit = {0};
    // It would end the process, and nothing of the tool comes after.
    Exit.setExitProcedure((code, message) -> {
      exit[0] = code;
      throw new IllegalStateException("exit");
    });
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      ConsumerGroupCommand.main(arguments.toArray(String[]::new));
    } catch (IllegalStateException ended) {
      if (!"exit".equals(ended.getMessage())) throw ended;
    } finally {
      System.setOut(OUT);
    }
    answer.put("exit", exit[0]).put("printed", printed.toString(StandardCharsets.UTF_8));
  }

  /** Kafka's assignors by themselves: who gets what, of members, subscriptions and what they have now. */
  static class Assigning {
    static void assign(JsonNode command, ObjectNode answer) {
      Map<String, Integer> topics = new TreeMap<>();
      command.get("topics").properties().forEach(entry -> topics.put(entry.getKey(), entry.getValue().asInt()));
      org.apache.kafka.clients.consumer.ConsumerPartitionAssignor assignor = switch (text(command, "assignor")) {
        case "range" -> new org.apache.kafka.clients.consumer.RangeAssignor();
        case "roundrobin" -> new org.apache.kafka.clients.consumer.RoundRobinAssignor();
        case "sticky" -> new org.apache.kafka.clients.consumer.StickyAssignor();
        default -> new org.apache.kafka.clients.consumer.CooperativeStickyAssignor();
      };
      List<org.apache.kafka.common.PartitionInfo> infos = new ArrayList<>();
      org.apache.kafka.common.Node node = new org.apache.kafka.common.Node(1, "localhost", 1);
      org.apache.kafka.common.Node[] nodes = {node};
      topics.forEach((topic, count) -> {
        for (int i = 0; i < count; i++) infos.add(new org.apache.kafka.common.PartitionInfo(topic, i, node, nodes, nodes));
      });
      org.apache.kafka.common.Cluster cluster = new org.apache.kafka.common.Cluster("random", List.of(node), infos, java.util.Set.of(), java.util.Set.of());
      Map<String, org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription> subscriptions = new java.util.LinkedHashMap<>();
      for (JsonNode member : command.get("members")) {
        List<TopicPartition> owned = places(member.get("owned"));
        int generation = member.get("generation").asInt();
        java.nio.ByteBuffer data = null;
        // The sticky assignor looks into its own notes first, the cooperative one into the generation.
        if (assignor instanceof org.apache.kafka.clients.consumer.StickyAssignor sticky) {
          sticky.onAssignment(new org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment(owned), new org.apache.kafka.clients.consumer.ConsumerGroupMetadata("g", generation, text(member, "id"), Optional.empty()));
          data = sticky.subscriptionUserData(java.util.Set.copyOf(strings(member.get("topics"))));
        } else if (assignor instanceof org.apache.kafka.clients.consumer.CooperativeStickyAssignor cooperative) {
          cooperative.onAssignment(new org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment(owned), new org.apache.kafka.clients.consumer.ConsumerGroupMetadata("g", generation, text(member, "id"), Optional.empty()));
          data = cooperative.subscriptionUserData(java.util.Set.copyOf(strings(member.get("topics"))));
        }
        var subscription = new org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription(strings(member.get("topics")), data, owned, generation, Optional.empty());
        subscription.setGroupInstanceId(Optional.ofNullable(text(member, "instanceId")));
        subscriptions.put(text(member, "id"), subscription);
      }
      ObjectNode by = answer.putObject("assignment");
      assignor.assign(cluster, new org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription(subscriptions)).groupAssignment().forEach((member, assignment) -> by.set(member, names(assignment.partitions())));
    }

    /** Those of the broker know topics by their ids, and of a member what the last target gave it. */
    static void assignOnServer(JsonNode command, ObjectNode answer) {
      Map<org.apache.kafka.common.Uuid, String> names = new HashMap<>();
      Map<org.apache.kafka.common.Uuid, Integer> counts = new HashMap<>();
      Map<String, org.apache.kafka.common.Uuid> ids = new HashMap<>();
      command.get("topics").properties().forEach(entry -> {
        org.apache.kafka.common.Uuid topic = new org.apache.kafka.common.Uuid(1, ids.size() + 1);
        ids.put(entry.getKey(), topic);
        names.put(topic, entry.getKey());
        counts.put(topic, entry.getValue().asInt());
      });
      Map<String, org.apache.kafka.coordinator.group.modern.MemberSubscriptionAndAssignmentImpl> members = new HashMap<>();
      Map<org.apache.kafka.common.Uuid, Map<Integer, String>> owners = new HashMap<>();
      java.util.Set<java.util.Set<org.apache.kafka.common.Uuid>> subscriptions = new java.util.HashSet<>();
      for (JsonNode member : command.get("members")) {
        String id = text(member, "id");
        java.util.Set<org.apache.kafka.common.Uuid> topics = new java.util.HashSet<>(strings(member.get("topics")).stream().map(ids::get).toList());
        Map<org.apache.kafka.common.Uuid, java.util.Set<Integer>> owned = new HashMap<>();
        for (TopicPartition one : places(member.get("owned"))) {
          owned.computeIfAbsent(ids.get(one.topic()), topic -> new java.util.HashSet<>()).add(one.partition());
          owners.computeIfAbsent(ids.get(one.topic()), topic -> new HashMap<>()).put(one.partition(), id);
        }
        subscriptions.add(topics);
        members.put(id, new org.apache.kafka.coordinator.group.modern.MemberSubscriptionAndAssignmentImpl(Optional.empty(), Optional.ofNullable(text(member, "instanceId")), topics, new org.apache.kafka.coordinator.group.modern.Assignment(owned)));
      }
      org.apache.kafka.coordinator.group.api.assignor.PartitionAssignor assignor = switch (text(command, "assignor")) {
        case "range" -> new org.apache.kafka.coordinator.group.assignor.RangeAssignor();
        case "uniform" -> new org.apache.kafka.coordinator.group.assignor.UniformAssignor();
        default -> new org.apache.kafka.coordinator.group.assignor.SimpleAssignor();
      };
      org.apache.kafka.coordinator.group.api.assignor.SubscriptionType type = subscriptions.size() == 1 ? org.apache.kafka.coordinator.group.api.assignor.SubscriptionType.HOMOGENEOUS : org.apache.kafka.coordinator.group.api.assignor.SubscriptionType.HETEROGENEOUS;
      ObjectNode by = answer.putObject("assignment");
      assignor.assign(new org.apache.kafka.coordinator.group.modern.GroupSpecImpl(members, type, owners), new org.apache.kafka.coordinator.group.api.assignor.SubscribedTopicDescriber() {
        @Override
        public int numPartitions(org.apache.kafka.common.Uuid topic) {
          return counts.getOrDefault(topic, -1);
        }

        @Override
        public java.util.Set<String> racksForPartition(org.apache.kafka.common.Uuid topic, int partition) {
          return java.util.Set.of();
        }
      }).members().forEach((member, assignment) -> by.set(member, names(assignment.partitions().entrySet().stream().flatMap(entry -> entry.getValue().stream().map(partition -> new TopicPartition(names.get(entry.getKey()), partition))).toList())));
    }
  }
}

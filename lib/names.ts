/** Container names: Docker's rule for given ones, and names of our own making for containers that got none. */
import { randomInt } from "node:crypto";
import { invalid } from "./errors.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

const QUALITIES =
  "able airy bold brave brisk bright calm candid careful cheerful clear clever cosy crisp daring deft eager earnest easy fair faithful fearless fleet fond frank free fresh gentle glad golden graceful handy happy hardy honest humble jolly keen kind lively loyal lucid merry mild modest neat nimble noble open patient placid plain polite prompt proud quick quiet ready robust serene sharp silent sincere smart solid sound spry steady still stout sunny swift tidy true trusty vivid warm wise witty zesty".split(
    " ",
  );
const ANIMALS =
  "badger beaver bison bittern bream buzzard carp chamois cormorant crane curlew deer dipper dolphin dormouse eider elk falcon ferret finch fox gannet goose grebe grouse hare harrier hawk heron hedgehog ibex jackdaw jay kestrel kite lark linnet lynx magpie marmot marten mole moose mouse newt nuthatch orca otter owl oyster perch pike pipit plover puffin quail rabbit raven redstart robin rook salmon seal shrew siskin skylark snipe sparrow squirrel starling stoat stork swallow swan swift tern thrush trout vole wagtail warbler weasel whale wren".split(
    " ",
  );

/** A name such as `nimble_otter`. Callers that find it taken ask again with `attempt` + 1, which adds a digit. */
export function randomName(attempt = 0): string {
  const name = `${QUALITIES[randomInt(QUALITIES.length)]}_${ANIMALS[randomInt(ANIMALS.length)]}`;
  return attempt === 0 ? name : `${name}${randomInt(10)}`;
}

/**
 * Checks a name given by the user and strips one leading slash, as Docker does.
 * @throws `invalid` with Docker's text.
 */
export function checkName(name: string): string {
  const bare = name.startsWith("/") ? name.slice(1) : name;
  if (!NAME.test(bare)) {
    throw invalid(
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      "CTR_CONTAINER_NAME_INVALID",
    );
  }
  return bare;
}
